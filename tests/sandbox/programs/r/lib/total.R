total <- function(counts) sum(counts)
