# Loaded before a test file: gives Test::Builder a descriptor for its results that the code under test does not print to,
# and adds a test that must fail, if the verdict asks for one.
package Rfsn;
use strict;
use warnings;
use Test::Builder ();

my $canary = delete $ENV{RFSN_CANARY};
open my $out, '>&=', 9 or die "no results: $!";
$out->autoflush(1);
my $builder = Test::Builder->new;
$builder->$_($out) for qw(output todo_output);
$builder->failure_output(\*STDERR);

if ($canary) {
    no warnings 'redefine';
    my $done = \&Test::Builder::done_testing;
    my $plan = \&Test::Builder::plan;
    *Test::Builder::done_testing = sub { my ($self, $tests) = @_; $self->is_eq('a canary', 'dead', $canary); $done->($self, defined $tests ? $tests + 1 : ()) };
    *Test::Builder::plan = sub {
        my ($self, $kind, @rest) = @_;
        return $plan->(@_) if !$kind or $kind ne 'tests';
        my @all = $plan->($self, 'tests', $rest[0] + 1);
        $self->is_eq('a canary', 'dead', $canary);
        return @all;
    };
}
1;
