#include "thread.h"
#include "_cgo_export.h"

static void *run(void *handle) {
  weirThread((uintptr_t)handle);
  return NULL;
}

int weir_thread_start(pthread_t *thread, size_t stack, uintptr_t handle) {
  pthread_attr_t attr;
  int err = pthread_attr_init(&attr);
  if (err != 0)
    return err;
  err = pthread_attr_setstacksize(&attr, stack);
  if (err == 0)
    err = pthread_create(thread, &attr, run, (void *)handle);
  pthread_attr_destroy(&attr);
  return err;
}
