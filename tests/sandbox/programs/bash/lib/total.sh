total() {
  local sum=0 count
  for count in "$@"; do
    sum=$((sum + count))
  done
  echo "$sum"
}
