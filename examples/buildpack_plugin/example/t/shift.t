use strict;
use warnings;
use Test::More;
use Shift;

is(Shift::hours(8, 16), 8, 'a day');
is(Shift::hours(22, 6), 8, 'a night');
is(Shift::at_night(8, 16), 0, 'no hour of the day');
is(Shift::at_night(20, 23), 1, 'the last hour of the evening');
is(Shift::at_night(22, 6), 8, 'all hours of a night');
done_testing;
