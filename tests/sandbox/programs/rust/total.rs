pub fn total(counts: &[(&str, u32)]) -> u32 {
    counts.iter().map(|count| count.1).sum()
}
