/*
 * A stand-in for NVIDIA's libnvidia-ml.so.1: the functions that the worker calls, with the signatures and the struct
 * layouts of nvml.h, and devices that do what a script says. The script is the file beside the library whose name is the
 * library's with ".script" appended; it is read again whenever another file has taken its place. A line is a word and its
 * arguments:
 *
 *   start SECONDS             the moment of CLOCK_MONOTONIC that all times below count from, so that it is the same in
 *                             every process
 *   driver VERSION
 *   device UUID NAME          a further device; the lines below belong to the last one, `error` before the first to all
 *   power TIME WATTS          a point of its power curve, which is linear between points and constant outside of them
 *   counter JOULES            what the energy counter says at the start
 *   no-counter                the card has none, as before Volta
 *   update SECONDS            how often the counter and the power are updated; 0: they are always fresh
 *   jump TIME JOULES          the counter jumps by so much, forwards or back
 *   reset TIME                the counter starts from 0, as when the driver is loaded again
 *   scale FACTOR              what the power sensor shows of the true power
 *   lost TIME                 from then on nobody finds the card any more
 *   memory-used GIB          how much of its 80 GiB is in use; 12 unless it is said
 *   mig 0|1
 *   compute-mode 0|2|3
 *   process PID FROM TO       a process that computes on it meanwhile
 *   mps-process PID FROM TO   one that does so through MPS
 *   error FUNCTION CODE FROM TO
 *   hang FUNCTION FROM TO     the function comes back no sooner than that
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef int nvmlReturn_t;
typedef struct device *nvmlDevice_t;

typedef struct {
  unsigned int gpu, memory;
} nvmlUtilization_t;

typedef struct {
  unsigned long long total, free, used;
} nvmlMemory_t;

typedef struct {
  unsigned int pid;
  unsigned long long usedGpuMemory;
  unsigned int gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_t;

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
  DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };

enum { MOST = 32 };

struct point { double time, value; };
struct process { unsigned int pid; double from, to; int mps; };
struct error { char function[64]; int code, hangs; double from, to; };

struct device {
  char uuid[80], name[96];
  struct point power[MOST], jumps[MOST];
  int powers, jump_count;
  double reset[MOST];
  int resets;
  double counter, update, scale, lost;
  int has_counter, mig, compute_mode, memory_used;
  struct process processes[MOST];
  int process_count;
  struct error errors[MOST];
  int error_count;
};

static struct device devices[8];
static int device_count;
static struct device everything; /* Holds the errors of functions that no device answers for. */
static char driver[80];
static double start;
static int initialised;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9 - start;
}

static int read_script(void) {
  static ino_t last;
  Dl_info self;
  struct stat status;
  char path[4096], line[512];
  dladdr((void *)read_script, &self);
  snprintf(path, sizeof path, "%s.script", self.dli_fname);
  if (stat(path, &status)) return 0;
  if (status.st_ino == last) return 1;
  last = status.st_ino;
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  device_count = 0;
  memset(devices, 0, sizeof devices);
  memset(&everything, 0, sizeof everything);
  strcpy(driver, "580.0");
  struct device *device = &everything;
  while (fgets(line, sizeof line, file)) {
    struct process process = {0};
    struct error error = {0};
    struct point point;
    char text[96];
    if (sscanf(line, "start %lf", &start) == 1) continue;
    if (sscanf(line, "driver %79s", driver) == 1) continue;
    if (sscanf(line, "device %79s %95[^\n]", devices[device_count].uuid, devices[device_count].name) == 2) {
      device = &devices[device_count++];
      device->has_counter = 1;
      device->scale = 1;
      device->lost = INFINITY;
      device->memory_used = 12;
    } else if (sscanf(line, "power %lf %lf", &point.time, &point.value) == 2) device->power[device->powers++] = point;
    else if (sscanf(line, "counter %lf", &device->counter) == 1) continue;
    else if (!strncmp(line, "no-counter", 10)) device->has_counter = 0;
    else if (sscanf(line, "update %lf", &device->update) == 1) continue;
    else if (sscanf(line, "jump %lf %lf", &point.time, &point.value) == 2) device->jumps[device->jump_count++] = point;
    else if (sscanf(line, "reset %lf", &point.time) == 1) device->reset[device->resets++] = point.time;
    else if (sscanf(line, "scale %lf", &device->scale) == 1) continue;
    else if (sscanf(line, "lost %lf", &device->lost) == 1) continue;
    else if (sscanf(line, "memory-used %d", &device->memory_used) == 1) continue;
    else if (sscanf(line, "mig %d", &device->mig) == 1) continue;
    else if (sscanf(line, "compute-mode %d", &device->compute_mode) == 1) continue;
    else if (sscanf(line, "%95s %u %lf %lf", text, &process.pid, &process.from, &process.to) == 4) {
      process.mps = !strcmp(text, "mps-process");
      device->processes[device->process_count++] = process;
    } else if (sscanf(line, "error %63s %d %lf %lf", error.function, &error.code, &error.from, &error.to) == 4)
      device->errors[device->error_count++] = error;
    else if (sscanf(line, "hang %63s %lf %lf", error.function, &error.from, &error.to) == 3) {
      error.hangs = 1;
      device->errors[device->error_count++] = error;
    } else {
      fprintf(stderr, "%s: not understood: %s", path, line);
      abort();
    }
  }
  fclose(file);
  return 1;
}

/** The integral of the power curve from time 0, in joules; exact, since the curve is linear between points. */
static double joules_until(const struct device *device, double time) {
  const struct point *power = device->power;
  if (device->powers == 0) return 0;
  double sum = 0, at = 0;
  /* A point far before and one far after stand for the constant ends. */
  for (int index = -1; index < device->powers && at < time; index++) {
    struct point left = index < 0 ? (struct point){-INFINITY, power[0].value} : power[index];
    struct point right =
        index + 1 < device->powers ? power[index + 1] : (struct point){INFINITY, power[device->powers - 1].value};
    if (right.time <= at) continue;
    double to = fmin(time, right.time);
    double slope = isinf(left.time) || isinf(right.time) ? 0 : (right.value - left.value) / (right.time - left.time);
    double from_value = slope == 0 ? left.value : left.value + slope * (at - left.time);
    sum += (from_value + slope * (to - at) / 2) * (to - at);
    at = to;
  }
  return sum;
}

static double watts_at(const struct device *device, double time) {
  const struct point *power = device->power;
  if (device->powers == 0) return 0;
  for (int index = 0; index < device->powers; index++) {
    if (time >= power[index].time) continue;
    if (index == 0) return power[0].value;
    double share = (time - power[index - 1].time) / (power[index].time - power[index - 1].time);
    return power[index - 1].value + share * (power[index].value - power[index - 1].value);
  }
  return power[device->powers - 1].value;
}

static double counter_at(const struct device *device, double time) {
  double from = 0, value = device->counter;
  for (int index = 0; index < device->resets; index++) {
    if (device->reset[index] <= time) from = device->reset[index], value = 0;
  }
  for (int index = 0; index < device->jump_count; index++) {
    if (device->jumps[index].time > from && device->jumps[index].time <= time) value += device->jumps[index].value;
  }
  return value + joules_until(device, time) - joules_until(device, from);
}

static double fresh(const struct device *device, double time) {
  return device->update > 0 ? floor(time / device->update) * device->update : time;
}

static nvmlReturn_t trouble_of(const struct device *device, const char *function, double time) {
  for (int index = 0; index < device->error_count; index++) {
    const struct error *error = &device->errors[index];
    if (strcmp(error->function, function) || time < error->from || time >= error->to) continue;
    if (!error->hangs) return error->code;
    usleep((useconds_t)((error->to - time) * 1e6));
  }
  return SUCCESS;
}

/** What stands in the way of an answer. */
static nvmlReturn_t trouble(const struct device *device, const char *function) {
  if (!initialised) return UNINITIALIZED;
  if (!read_script()) return DRIVER_NOT_LOADED;
  nvmlReturn_t code = trouble_of(&everything, function, now());
  if (code != SUCCESS || device == &everything) return code;
  if (device < devices || device >= devices + device_count) return INVALID_ARGUMENT;
  if (now() >= device->lost) return GPU_IS_LOST;
  return trouble_of(device, function, now());
}

#define REQUIRE(device)                               \
  do {                                                \
    nvmlReturn_t code = trouble((device), __func__);  \
    if (code != SUCCESS) return code;                 \
  } while (0)

static nvmlReturn_t put_text(const char *text, char *into, unsigned int length) {
  if (strlen(text) >= length) return INSUFFICIENT_SIZE;
  strcpy(into, text);
  return SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void) {
  if (!read_script()) return DRIVER_NOT_LOADED;
  nvmlReturn_t code = trouble_of(&everything, __func__, now());
  initialised = code == SUCCESS;
  return code;
}

nvmlReturn_t nvmlShutdown(void) {
  REQUIRE(&everything);
  initialised = 0;
  return SUCCESS;
}

nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned int length) {
  REQUIRE(&everything);
  return put_text(driver, version, length);
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *count) {
  REQUIRE(&everything);
  *count = device_count;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device) {
  REQUIRE(&everything);
  if (index >= (unsigned int)device_count) return INVALID_ARGUMENT;
  *device = &devices[index];
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device) {
  REQUIRE(&everything);
  for (int index = 0; index < device_count; index++) {
    if (strcmp(devices[index].uuid, uuid)) continue;
    *device = &devices[index];
    return SUCCESS;
  }
  return NOT_FOUND;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length) {
  REQUIRE(device);
  return put_text(device->uuid, uuid, length);
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length) {
  REQUIRE(device);
  return put_text(device->name, name, length);
}

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long *millijoules) {
  REQUIRE(device);
  if (!device->has_counter) return NOT_SUPPORTED;
  *millijoules = (unsigned long long)llround(counter_at(device, fresh(device, now())) * 1000);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned int *milliwatts) {
  REQUIRE(device);
  *milliwatts = (unsigned int)lround(watts_at(device, fresh(device, now())) * device->scale * 1000);
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization) {
  REQUIRE(device);
  utilization->gpu = 87;
  utilization->memory = 41;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  REQUIRE(device);
  memory->total = 85899345920ULL;
  memory->used = (unsigned long long)device->memory_used << 30;
  memory->free = memory->total - memory->used;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned int *celsius) {
  REQUIRE(device);
  if (sensor != 0) return INVALID_ARGUMENT;
  *celsius = 63;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, int clock, unsigned int *megahertz) {
  static const unsigned int clocks[] = {1410, 1395, 1593, 1275};
  REQUIRE(device);
  if (clock < 0 || clock > 3) return INVALID_ARGUMENT;
  *megahertz = clocks[clock];
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned int *current, unsigned int *pending) {
  REQUIRE(device);
  *current = device->mig;
  *pending = device->mig;
  return SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, int *mode) {
  REQUIRE(device);
  *mode = device->compute_mode;
  return SUCCESS;
}

static nvmlReturn_t put_processes(nvmlDevice_t device, int mps, unsigned int *count, nvmlProcessInfo_t *infos) {
  unsigned int found = 0, room = *count;
  for (int index = 0; index < device->process_count; index++) {
    const struct process *process = &device->processes[index];
    if (process->mps != mps || now() < process->from || now() >= process->to) continue;
    if (found < room && infos) infos[found] = (nvmlProcessInfo_t){process->pid, 1 << 30, 0xffffffff, 0xffffffff};
    found++;
  }
  *count = found;
  return found > room ? INSUFFICIENT_SIZE : SUCCESS;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count, nvmlProcessInfo_t *infos) {
  REQUIRE(device);
  return put_processes(device, 0, count, infos);
}

nvmlReturn_t nvmlDeviceGetMPSComputeRunningProcesses_v3(nvmlDevice_t device, unsigned int *count,
                                                        nvmlProcessInfo_t *infos) {
  REQUIRE(device);
  return put_processes(device, 1, count, infos);
}
