module rfsn.invalid/driver

go 1.21
