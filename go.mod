module zoo

go 1.26
