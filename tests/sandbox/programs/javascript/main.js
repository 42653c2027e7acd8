// Counts words: arguments, environment, stdin, a second file, text and bytes.
const { readFileSync } = require('fs')
const { total } = require('./lib/total')

function countWords(text) {
  // In order of their first appearance.
  const counts = new Map()
  for (const word of text.split(/\s+/).filter(Boolean)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

function main(given) {
  if (given[0] === 'fail') {
    console.log('before')
    throw new Error('failed as asked')
  }
  for (const argument of given) {
    console.log(`[${argument}]`)
  }
  console.log(process.env.WORD)
  const counts = countWords(readFileSync(0, 'utf8'))
  for (const [word, count] of counts) {
    console.log(`${count} ${word}`)
  }
  console.log(`total ${total(counts)}`)
  process.stderr.write(Buffer.from([...Array(256).keys()]))
}

main(process.argv.slice(2))
