module github.com/weir-stream/weir/guest-abi/go/weir

go 1.26.0
