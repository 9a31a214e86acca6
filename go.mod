module latchkey

go 1.26
