module thirsty

go 1.26.0

require github.com/weir-stream/weir/guest-abi/go/weir v0.0.0

replace github.com/weir-stream/weir/guest-abi/go/weir => ../../../../guest-abi/go/weir
