module github.com/weir-stream/weir/bench/guest/go

go 1.26.0
