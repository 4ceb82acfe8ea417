#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

// weir_thread_start starts a thread with a stack of so many bytes, which runs weirThread(handle). It returns 0 or an errno.
int weir_thread_start(pthread_t *thread, size_t stack, uintptr_t handle);
