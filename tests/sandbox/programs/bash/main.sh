# Counts words: arguments, environment, stdin, a second file, text and bytes.
set -euo pipefail
. lib/total.sh

declare -A counts=()
words=() # in order of their first appearance

count_words() {
  local word
  while read -r -a line; do
    for word in "${line[@]}"; do
      [[ -v "counts[$word]" ]] || words+=("$word")
      counts[$word]=$((${counts[$word]:-0} + 1))
    done
  done
}

if [[ ${1:-} == fail ]]; then
  echo before
  false
fi
for argument in "$@"; do
  printf '[%s]\n' "$argument"
done
printf '%s\n' "$WORD"
count_words
for word in "${words[@]}"; do
  printf '%d %s\n' "${counts[$word]}" "$word"
done
echo "total $(total "${counts[@]}")"
for byte in {0..255}; do
  printf "\\x$(printf %x "$byte")" >&2
done
