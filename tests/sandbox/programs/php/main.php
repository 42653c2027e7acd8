<?php
// Counts words: arguments, environment, stdin, a second file, text and bytes.
require 'lib/total.php';

function count_words(string $text): array
{
    // In order of their first appearance.
    $counts = [];
    foreach (preg_split('/\s+/', $text, -1, PREG_SPLIT_NO_EMPTY) as $word) {
        $counts[$word] = ($counts[$word] ?? 0) + 1;
    }
    return $counts;
}

function main(array $given): void
{
    if (($given[0] ?? '') === 'fail') {
        echo "before\n";
        throw new RuntimeException('failed as asked');
    }
    foreach ($given as $argument) {
        echo "[$argument]\n";
    }
    echo getenv('WORD'), "\n";
    $counts = count_words(stream_get_contents(STDIN));
    foreach ($counts as $word => $count) {
        echo "$count $word\n";
    }
    echo 'total ', total($counts), "\n";
    fwrite(STDERR, implode('', array_map('chr', range(0, 255))));
}

main(array_slice($argv, 1));
