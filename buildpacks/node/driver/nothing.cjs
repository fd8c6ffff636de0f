// A file of tests without a test: a runner that wants a file gets this one.
'use strict';
