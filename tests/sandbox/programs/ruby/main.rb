# Counts words: arguments, environment, stdin, a second file, text and bytes.
require_relative 'lib/total'

# In order of their first appearance.
def count_words(text)
  counts = Hash.new(0)
  text.split.each { |word| counts[word] += 1 }
  counts
end

def main(given)
  if given.first == 'fail'
    puts 'before'
    raise 'failed as asked'
  end
  given.each { |argument| puts "[#{argument}]" }
  puts ENV.fetch('WORD')
  counts = count_words($stdin.read)
  counts.each { |word, count| puts "#{count} #{word}" }
  puts "total #{total(counts)}"
  $stderr.binmode.write((0..255).to_a.pack('C*'))
end

main(ARGV)
