/* NVIDIA's management library, simulated: cards that draw a constant power since the machine
 * started, or no more than a limit that can be set, for real bindings to load. Build it as libnvidia-ml.so.1 and put its folder on
 * LD_LIBRARY_PATH; brizna.testing.build_fake_nvml does the first.
 *
 * The environment says what is there:
 *   FAKE_NVML_CARDS        how many cards (1)
 *   FAKE_NVML_POWER_W      what each draws, in watts (100)
 *   FAKE_NVML_CLOCK        file with the microseconds since the start (else the real clock)
 *   FAKE_NVML_NO_COUNTER   they have no energy counter
 *   FAKE_NVML_NO_INSTANT   they tell no instant power, only its average
 *   FAKE_NVML_SLICES       they are cut into MIG slices
 *   FAKE_NVML_NO_DRIVER    the driver does not answer
 *   FAKE_NVML_PROCESS      number of the one process that uses them
 *   FAKE_NVML_LOST         number of a card that fell off the bus
 *   FAKE_NVML_USE          percentage of the time in which they work (0)
 *   FAKE_NVML_LIMIT        file with the cards' power limit in milliwatts (400000), followed by the
 *                          millijoules drawn until it was set and the milliseconds when that was;
 *                          cards draw no more than it says, and setting it writes it
 *   FAKE_NVML_NO_PERMISSION  the limit cannot be set
 * Built with -DWITHOUT_FIELD_VALUES it lacks a function, as an old driver does.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SUCCESS = 0,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    GPU_IS_LOST = 15,
    POWER_INSTANT = 186,
    AMPERE = 7,
    CLOCK_MHZ = 1410,
    TEMPERATURE_C = 40,
    MEMORY_USED = 1 << 30,
    UNSIGNED_INT = 1,
    LEAST_LIMIT_MW = 1000,
    LIMIT_MW = 400000,
    STARTS_AT_MJ = 123456,
};

typedef struct card {
    unsigned number;
} card;

typedef struct field_value {
    uint32_t field;
    uint32_t scope;
    int64_t timestamp;
    int64_t latency_us;
    uint32_t value_type;
    uint32_t code;
    union {
        double d;
        unsigned u;
        unsigned long long ull;
    } value;
} field_value;

static card cards[64];

static int is_set(const char *name) { return getenv(name) != NULL; }

static double number(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

static unsigned count_cards(void) {
    unsigned count = (unsigned)number("FAKE_NVML_CARDS", 1);
    return count < 64 ? count : 64;
}

static double now_ms(void) {
    const char *path = getenv("FAKE_NVML_CLOCK");
    struct timespec now;
    double now_us = 0;
    if (path != NULL) {
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fscanf(file, "%lf", &now_us) != 1) now_us = 0;
            fclose(file);
        }
        return now_us * 1e-3;
    }
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1e3 + now.tv_nsec * 1e-6;
}

typedef struct limit {
    double mw, drawn_mj, since_ms;
} limit;

static limit read_limit(void) {
    limit told = {LIMIT_MW, STARTS_AT_MJ, 0};
    const char *path = getenv("FAKE_NVML_LIMIT");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file != NULL) {
        if (fscanf(file, "%lf %lf %lf", &told.mw, &told.drawn_mj, &told.since_ms) < 1)
            told.mw = LIMIT_MW;
        fclose(file);
    }
    return told;
}

static double power_w(void) {
    double wanted_w = number("FAKE_NVML_POWER_W", 100), limit_w = read_limit().mw * 1e-3;
    return wanted_w < limit_w ? wanted_w : limit_w;
}

static double drawn_mj(void) {
    limit told = read_limit();
    return told.drawn_mj + (now_ms() - told.since_ms) * power_w();
}

static int check(const card *device) {
    if (device == NULL) return INVALID_ARGUMENT;
    return device->number == number("FAKE_NVML_LOST", -1) ? GPU_IS_LOST : SUCCESS;
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    return is_set("FAKE_NVML_NO_DRIVER") ? DRIVER_NOT_LOADED : SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    switch (code) {
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    default: return "Unknown Error";
    }
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = count_cards();
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, card **device) {
    if (index >= count_cards()) return INVALID_ARGUMENT;
    cards[index].number = index;
    *device = &cards[index];
    return SUCCESS;
}

int nvmlDeviceGetUUID(card *device, char *uuid, unsigned length) {
    int code = check(device);
    if (code == SUCCESS)
        snprintf(uuid, length, "GPU-00000000-0000-0000-0000-%012u", device->number);
    return code;
}

int nvmlDeviceGetName(card *device, char *name, unsigned length) {
    int code = check(device);
    if (code == SUCCESS) snprintf(name, length, "Simulated GPU");
    return code;
}

int nvmlDeviceGetMigMode(card *device, unsigned *current, unsigned *pending) {
    *current = *pending = (unsigned)is_set("FAKE_NVML_SLICES");
    return check(device);
}

int nvmlDeviceGetTotalEnergyConsumption(card *device, unsigned long long *energy_mj) {
    int code = check(device);
    if (code != SUCCESS) return code;
    if (is_set("FAKE_NVML_NO_COUNTER")) return NOT_SUPPORTED;
    *energy_mj = (unsigned long long)drawn_mj();
    return SUCCESS;
}

int nvmlDeviceGetPowerUsage(card *device, unsigned *power_mw) {
    *power_mw = (unsigned)(power_w() * 1000);
    return check(device);
}

#ifndef WITHOUT_FIELD_VALUES
int nvmlDeviceGetFieldValues(card *device, int count, field_value *values) {
    int is_told = !is_set("FAKE_NVML_NO_INSTANT");
    for (int i = 0; i < count; i++) {
        values[i].code = is_told && values[i].field == POWER_INSTANT ? SUCCESS : NOT_SUPPORTED;
        values[i].value_type = UNSIGNED_INT;
        values[i].value.u = (unsigned)(power_w() * 1000);
    }
    return check(device);
}
#endif

int nvmlDeviceGetPowerManagementLimitConstraints(card *device, unsigned *least_mw, unsigned *most_mw) {
    *least_mw = LEAST_LIMIT_MW;
    *most_mw = LIMIT_MW;
    return check(device);
}

int nvmlDeviceGetPowerManagementLimit(card *device, unsigned *limit_mw) {
    *limit_mw = (unsigned)read_limit().mw;
    return check(device);
}

int nvmlDeviceSetPowerManagementLimit(card *device, unsigned limit_mw) {
    const char *path = getenv("FAKE_NVML_LIMIT");
    char draft[4096];
    double drawn = drawn_mj();
    FILE *file;
    if (check(device) != SUCCESS) return check(device);
    if (path == NULL || is_set("FAKE_NVML_NO_PERMISSION")) return NO_PERMISSION;
    if (limit_mw < LEAST_LIMIT_MW || limit_mw > LIMIT_MW) return INVALID_ARGUMENT;
    snprintf(draft, sizeof draft, "%s.new", path);
    file = fopen(draft, "w");
    if (file == NULL) return NO_PERMISSION;
    fprintf(file, "%u %.3f %.6f\n", limit_mw, drawn, now_ms());
    fclose(file);
    return rename(draft, path) == 0 ? SUCCESS : NO_PERMISSION;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, card **device) {
    const char *number = strrchr(uuid, '-');
    return number ? nvmlDeviceGetHandleByIndex_v2((unsigned)atoi(number + 1), device) : NOT_FOUND;
}

int nvmlDeviceGetEnforcedPowerLimit(card *device, unsigned *limit_mw) {
    return nvmlDeviceGetPowerManagementLimit(device, limit_mw);
}

typedef struct rates {
    unsigned gpu, memory;
} rates;

typedef struct memory {
    unsigned long long total, free, used;
} memory;

int nvmlDeviceGetArchitecture(card *device, unsigned *architecture) {
    *architecture = AMPERE;
    return check(device);
}

int nvmlDeviceGetUtilizationRates(card *device, rates *used) {
    used->gpu = (unsigned)number("FAKE_NVML_USE", 0);
    used->memory = used->gpu / 2;
    return check(device);
}

typedef struct process_use {
    unsigned pid;
    unsigned long long at_us;
    unsigned processor, memory, encoder, decoder;
} process_use;

int nvmlDeviceGetProcessUtilization(card *device, process_use *told, unsigned *count,
                                    unsigned long long seen_us) {
    unsigned long long now_us = (unsigned long long)(now_ms() * 1e3);
    if (check(device) != SUCCESS) return check(device);
    if (!is_set("FAKE_NVML_PROCESS") || now_us <= seen_us) return NOT_FOUND;
    if (told == NULL || *count < 1) {
        *count = 1;
        return INSUFFICIENT_SIZE;
    }
    *count = 1;
    told[0].pid = (unsigned)number("FAKE_NVML_PROCESS", 0);
    told[0].at_us = now_us;
    told[0].processor = (unsigned)number("FAKE_NVML_USE", 0);
    told[0].memory = told[0].encoder = told[0].decoder = 0;
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(card *device, memory *told) {
    told->used = MEMORY_USED;
    told->free = 39ULL * MEMORY_USED;
    told->total = 40ULL * MEMORY_USED;
    return check(device);
}

int nvmlDeviceGetClockInfo(card *device, unsigned clock, unsigned *mhz) {
    (void)clock;
    *mhz = CLOCK_MHZ;
    return check(device);
}

int nvmlDeviceGetTemperature(card *device, unsigned sensor, unsigned *celsius) {
    (void)sensor;
    *celsius = TEMPERATURE_C;
    return check(device);
}

int nvmlDeviceGetCurrentClocksEventReasons(card *device, unsigned long long *reasons) {
    *reasons = 0;
    return check(device);
}

/* What follows brizna does not call, but other tools that read cards do. */

int nvmlSystemGetDriverVersion(char *version, unsigned length) {
    snprintf(version, length, "580.00");
    return SUCCESS;
}

int nvmlSystemGetCudaDriverVersion(int *version) {
    *version = 13000;
    return SUCCESS;
}

int nvmlDeviceGetComputeMode(card *device, unsigned *mode) {
    *mode = 0;
    return check(device);
}

int nvmlDeviceGetMaxClockInfo(card *device, unsigned clock, unsigned *mhz) {
    return nvmlDeviceGetClockInfo(device, clock, mhz);
}

int nvmlDeviceGetPowerManagementDefaultLimit(card *device, unsigned *limit_mw) {
    return nvmlDeviceGetEnforcedPowerLimit(device, limit_mw);
}

int nvmlDeviceGetComputeRunningProcesses_v3(card *device, unsigned *count, void *told) {
    (void)told;
    *count = 0;
    return check(device);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(card *device, unsigned *count, void *told) {
    return nvmlDeviceGetComputeRunningProcesses_v3(device, count, told);
}
