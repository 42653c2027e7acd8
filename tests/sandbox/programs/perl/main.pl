# Counts words: arguments, environment, stdin, a second file, text and bytes.
use strict;
use warnings;
use lib '.';

use lib::Total qw(total);

sub count_words {
    # In order of their first appearance.
    my (%counts, @words);
    for my $word (split ' ', join '', @_) {
        push @words, $word unless $counts{$word}++;
    }
    return \@words, \%counts;
}

sub main {
    my @given = @_;
    if (@given && $given[0] eq 'fail') {
        print "before\n";
        die "failed as asked\n";
    }
    print "[$_]\n" for @given;
    print "$ENV{WORD}\n";
    my ($words, $counts) = count_words(<STDIN>);
    print "$counts->{$_} $_\n" for @$words;
    print 'total ', total($counts), "\n";
    binmode STDERR;
    print STDERR map { chr } 0 .. 255;
}

main(@ARGV);
