/* A library in the place of the driver of CUDA, for one card whose memory is that of the host and
   whose kernels do nothing: what the host asks of a card can be tried without one. Calls that are
   not written here succeed. A launch that no card would take is refused. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t Device;
typedef struct {
    unsigned gx, gy, gz, bx, by, bz, shared;
    void *stream, *attributes;
    unsigned count;
} Launch;

enum { SUCCESS = 0, INVALID_VALUE = 1, VERSION = 12090, HEAD = 64 };
static const size_t TOTAL = (size_t)64 << 30;
static void *const CONTEXT = (void *)0x10;
static void *current;
static size_t taken;
static long launched;
static uintptr_t last = 0x1000;

static int handle(void **out) { *out = (void *)(last += 16); return SUCCESS; }
static int succeed(void) { return SUCCESS; }

/* the card */
int cuDriverGetVersion(int *v) { *v = VERSION; return SUCCESS; }
int cuDeviceGetCount(int *n) { *n = 1; return SUCCESS; }
int cuDeviceGet(int *device, int number) { *device = number; return SUCCESS; }
int cuDeviceGetName(char *name, int n, int d) { strncpy(name, "stand-in", n); return SUCCESS; }
int cuDeviceGetUuid(char *uuid, int d) { memset(uuid, 7, 16); return SUCCESS; }
int cuDeviceTotalMem(size_t *n, int d) { *n = TOTAL; return SUCCESS; }
int cuDeviceGetAttribute(int *value, int which, int d) {
    switch (which) {
    case 1: case 2: case 3: *value = 1024; break;  /* threads of a block */
    case 5: *value = 2147483647; break;            /* blocks along x */
    case 6: case 7: *value = 65535; break;         /* and along y, z */
    case 8: *value = 49152; break;                 /* shared memory of a block */
    case 10: *value = 32; break;                   /* threads of a warp */
    case 16: *value = 132; break;                  /* multiprocessors */
    case 75: *value = 9; break;                    /* compute capability */
    case 76: *value = 0; break;
    default: *value = 1;
    }
    return SUCCESS;
}

/* contexts, streams, events */
int cuDevicePrimaryCtxRetain(void **c, int d) { *c = CONTEXT; return SUCCESS; }
int cuCtxGetCurrent(void **c) { *c = current; return SUCCESS; }
int cuCtxSetCurrent(void *c) { current = c; return SUCCESS; }
int cuCtxPushCurrent(void *c) { current = c; return SUCCESS; }
int cuCtxPopCurrent(void **c) { *c = current; current = NULL; return SUCCESS; }
int cuCtxGetDevice(int *d) { *d = 0; return SUCCESS; }
int cuCtxGetApiVersion(void *c, unsigned *v) { *v = VERSION; return SUCCESS; }
int cuStreamCreate(void **s, unsigned flags) { return handle(s); }
int cuStreamCreateWithPriority(void **s, unsigned flags, int p) { return handle(s); }
int cuStreamGetCtx(void *s, void **c) { *c = CONTEXT; return SUCCESS; }
int cuEventCreate(void **e, unsigned flags) { return handle(e); }

/* memory: filled with what nobody may take for zeros */
int cuMemGetInfo(size_t *unused, size_t *total) {
    *total = TOTAL;
    *unused = TOTAL - taken;
    return SUCCESS;
}
int cuMemAlloc(Device *p, size_t n) {
    char *made = malloc(n + HEAD);
    *(size_t *)made = n;
    taken += n;
    memset(made + HEAD, 0xAB, n);
    *p = (Device)(made + HEAD);
    return SUCCESS;
}
int cuMemFree(Device p) {
    char *made = (char *)p - HEAD;
    taken -= *(size_t *)made;
    free(made);
    return SUCCESS;
}
int cuMemHostAlloc(void **p, size_t n, unsigned flags) { *p = malloc(n); return SUCCESS; }
int cuMemFreeHost(void *p) { free(p); return SUCCESS; }
static int copy(void *to, const void *from, size_t n) { memmove(to, from, n); return SUCCESS; }
int cuMemcpyHtoD(Device d, void *s, size_t n) { return copy((void *)d, s, n); }
int cuMemcpyHtoDAsync(Device d, void *s, size_t n, void *q) { return copy((void *)d, s, n); }
int cuMemcpyDtoH(void *d, Device s, size_t n) { return copy(d, (void *)s, n); }
int cuMemcpyDtoHAsync(void *d, Device s, size_t n, void *q) { return copy(d, (void *)s, n); }
int cuMemcpyDtoD(Device d, Device s, size_t n) { return copy((void *)d, (void *)s, n); }
int cuMemcpyDtoDAsync(Device d, Device s, size_t n, void *q) { return copy((void *)d, (void *)s, n); }
int cuMemsetD8(Device d, unsigned char c, size_t n) { memset((void *)d, c, n); return SUCCESS; }
int cuPointerGetAttribute(void *value, int which, Device p) {
    *(uint64_t *)value = which == 2 ? 2 : which == 1 ? (uint64_t)CONTEXT : 0; /* 2: of a card */
    return SUCCESS;
}

/* code */
int cuLibraryLoadData(void **l, void *code, void *a, void *b, unsigned n, void *c, void *d,
                      unsigned m) { return handle(l); }
int cuLibraryGetKernel(void **k, void *library, char *name) { return handle(k); }
int cuLibraryGetModule(void **m, void *library) { return handle(m); }
int cuModuleLoadDataEx(void **m, void *code, unsigned n, void *a, void *b) { return handle(m); }
int cuModuleGetFunction(void **f, void *module, char *name) { return handle(f); }
int cuKernelGetFunction(void **f, void *kernel) { return handle(f); }
int cuKernelGetLibrary(void **l, void *kernel) { return handle(l); }
int cuFuncGetModule(void **m, void *function) { return handle(m); }
int cuKernelGetAttribute(int *value, int which, void *k, int d) { *value = 32; return SUCCESS; }
int cuFuncGetAttribute(int *value, int which, void *f) { *value = 32; return SUCCESS; }
int cuOccupancyMaxPotentialBlockSize(int *blocks, int *threads, void *f, void *g, size_t shared,
                                     int limit) {
    *blocks = 132;
    *threads = 512;
    return SUCCESS;
}
int cuLaunchKernelEx(const Launch *how, void *f, void **arguments, void **extra) {
    unsigned threads = how->bx * how->by * how->bz;
    launched++;
    if (!how->gx || !how->gy || !how->gz || how->gy > 65535 || how->gz > 65535 || !threads
        || threads > 1024)
        return INVALID_VALUE;
    return SUCCESS;
}
long stand_in_launches(void) { return launched; }

/* errors, and how the calls are found */
int cuGetErrorName(int e, const char **said) { *said = "INVALID_VALUE"; return SUCCESS; }
int cuGetErrorString(int e, const char **said) { *said = "refused"; return SUCCESS; }
int cuGetProcAddress(const char *name, void **call, int version, uint64_t flags, int *status) {
    Dl_info own;
    dladdr((void *)handle, &own);
    *call = dlsym(dlopen(own.dli_fname, RTLD_NOW | RTLD_NOLOAD), name);
    if (!*call)
        *call = (void *)succeed;
    if (status)
        *status = 0;
    return SUCCESS;
}
int cuGetProcAddress_v2(const char *name, void **call, int version, uint64_t flags, int *status) {
    return cuGetProcAddress(name, call, version, flags, status);
}
