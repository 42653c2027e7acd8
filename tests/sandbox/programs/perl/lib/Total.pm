package lib::Total;

use strict;
use warnings;
use Exporter 'import';
use List::Util 'sum';

our @EXPORT_OK = ('total');

sub total {
    my ($counts) = @_;
    return sum(values %$counts);
}

1;
