package Shift;
use strict;
use warnings;

# The shifts of a day, as pairs of hours; a shift that ends at 6 and began at 22 goes over midnight.
sub hours {
    my ($from, $to) = @_;
    return $to - $from;
}

# The hours of a week that are paid more: those before 6 and from 22 on.
sub at_night {
    my ($from, $to) = @_;
    my $length = hours($from, $to);
    return scalar grep { my $hour = ($from + $_) % 24; $hour >= 22 || $hour < 6 } 0 .. $length - 1;
}

1;
