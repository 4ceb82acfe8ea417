// Package mux is one connection to a Fluvio server: requests go out, and every answer finds whoever waits for it.
//
//	call    one request, one answer
//	post    one request whose answer is looked at in passing
//	stream  one request, answers without end, all with the request's correlation id
//
// A connection starts with ApiVersions, from which the version of every other request follows (see versions.go). It has one
// goroutine, which reads. That goroutine never waits for a receiver: what a stream has not taken yet is queued up to a bound, and
// a peer that sends more than Fluvio's flow control allows loses the connection. So no stream ever blocks another one.
//
// There is no way to cancel a request or a stream but to close the connection; a late answer is read and dropped. After the first
// error of any kind a connection is dead: all that wait are told, and nothing is sent any more. Errors say if the request had gone
// out whole ([Sent]): a server acts on whole frames only, so one that had not gone out was not acted upon.
package mux
