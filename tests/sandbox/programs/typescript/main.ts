// Counts words: arguments, environment, stdin, a second file, text and bytes.
import { Counts, total } from './lib/total'

declare const process: {
  argv: string[]
  env: Record<string, string | undefined>
  stderr: { write(bytes: Uint8Array): void }
}
declare function require(name: 'fs'): { readFileSync(file: number, encoding: string): string }

function countWords(text: string): Counts {
  // In order of their first appearance.
  const counts: Counts = new Map()
  for (const word of text.split(/\s+/).filter(Boolean)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

function main(given: readonly string[]): void {
  if (given[0] === 'fail') {
    console.log('before')
    throw new Error('failed as asked')
  }
  given.forEach((argument) => console.log(`[${argument}]`))
  console.log(process.env.WORD)
  const counts = countWords(require('fs').readFileSync(0, 'utf8'))
  counts.forEach((count, word) => console.log(`${count} ${word}`))
  console.log(`total ${total(counts)}`)
  process.stderr.write(Uint8Array.from({ length: 256 }, (_, byte) => byte))
}

main(process.argv.slice(2))
