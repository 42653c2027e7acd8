# Counts words: arguments, environment, stdin, a second file, text and bytes.
source("lib/total.R")

count_words <- function(words) {
  # In order of their first appearance.
  counts <- integer()
  for (word in words) {
    known <- word %in% names(counts)
    counts[word] <- if (known) counts[word] + 1L else 1L
  }
  counts
}

main <- function(given) {
  if (length(given) && given[1] == "fail") {
    cat("before\n")
    stop("failed as asked")
  }
  for (argument in given) {
    cat("[", argument, "]\n", sep = "")
  }
  cat(Sys.getenv("WORD"), "\n", sep = "")
  counts <- count_words(scan(file("stdin"), "", quiet = TRUE, quote = ""))
  for (word in names(counts)) {
    cat(counts[word], " ", word, "\n", sep = "")
  }
  cat("total ", total(counts), "\n", sep = "")
  errors <- pipe("cat >&2", "wb")
  writeBin(as.raw(0:255), errors)
  close(errors)
}

main(commandArgs(trailingOnly = TRUE))
