// Counts words: arguments, environment, stdin, a second file, text and bytes.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func countWords(text io.Reader) (words []string, counts map[string]int) {
	counts = map[string]int{}
	scanner := bufio.NewScanner(text)
	scanner.Split(bufio.ScanWords)
	for scanner.Scan() {
		word := scanner.Text()
		if counts[word] == 0 {
			words = append(words, word)
		}
		counts[word]++
	}
	return words, counts
}

func main() {
	arguments := os.Args[1:]
	if len(arguments) > 0 && arguments[0] == "fail" {
		fmt.Println("before")
		panic("failed as asked")
	}
	for _, argument := range arguments {
		fmt.Printf("[%s]\n", argument)
	}
	fmt.Println(os.Getenv("WORD"))
	words, counts := countWords(os.Stdin)
	for _, word := range words {
		fmt.Println(counts[word], word)
	}
	fmt.Println("total", total(counts))
	for value := 0; value < 256; value++ {
		os.Stderr.Write([]byte{byte(value)})
	}
}
