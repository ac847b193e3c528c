/* AMD's management library, simulated: cards that draw a constant power since the machine started,
 * for ctypes to load. Written after the documented interface (amdsmi.h of ROCm 6 and 7), not
 * recorded from hardware. Build it as libamd_smi.so; brizna.testing.build_fake_amd_smi does.
 *
 * The environment says what is there:
 *   FAKE_AMD_CARDS        how many cards (1), each in a socket of its own
 *   FAKE_AMD_POWER_W      what each draws, in watts (200)
 *   FAKE_AMD_CLOCK        file with the microseconds since the start (else the real clock)
 *   FAKE_AMD_DIES         modules of two dies: every second card is one, whose counter stands at 0
 *   FAKE_AMD_PARTITIONS   into how many partitions each card is cut (1)
 *   FAKE_AMD_NO_COUNTER   they have no energy counter
 *   FAKE_AMD_NO_DRIVER    the driver does not answer
 *   FAKE_AMD_LOST         name of a file: while it is there, cards are gone
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SUCCESS = 0,
    INVAL = 1,
    NOT_SUPPORTED = 2,
    DRIVER_NOT_LOADED = 34,
    NOT_FOUND = 31,
    MOST = 64,
    AMD_GPU = 1,
    STARTS_AT = 1000000,
};

static const float STEP_UJ = 15.2587890625f;

typedef struct processor {
    unsigned card;
    unsigned partition;
} processor;

static processor processors[MOST][8];
static int sockets[MOST];

static double number(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

static unsigned bounded(const char *name, double otherwise, unsigned most) {
    unsigned count = (unsigned)number(name, otherwise);
    return count < most ? count : most;
}

static double now_us(void) {
    const char *path = getenv("FAKE_AMD_CLOCK");
    struct timespec now;
    double us = 0;
    if (path != NULL) {
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fscanf(file, "%lf", &us) != 1) us = 0;
            fclose(file);
        }
        return us;
    }
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1e6 + now.tv_nsec * 1e-3;
}

static int is_lost(void) {
    const char *path = getenv("FAKE_AMD_LOST");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file != NULL) fclose(file);
    return file != NULL;
}

int amdsmi_init(uint64_t flags) {
    (void)flags;
    return getenv("FAKE_AMD_NO_DRIVER") ? DRIVER_NOT_LOADED : SUCCESS;
}

int amdsmi_shut_down(void) { return SUCCESS; }

int amdsmi_status_code_to_string(int status, const char **text) {
    switch (status) {
    case NOT_SUPPORTED: *text = "AMDSMI_STATUS_NOT_SUPPORTED: Command not supported"; break;
    case DRIVER_NOT_LOADED: *text = "AMDSMI_STATUS_DRIVER_NOT_LOADED: Driver not loaded"; break;
    case NOT_FOUND: *text = "AMDSMI_STATUS_NOT_FOUND: Device Not found"; break;
    default: *text = "AMDSMI_STATUS_UNKNOWN_ERROR: An unknown error occurred"; break;
    }
    return SUCCESS;
}

int amdsmi_get_socket_handles(uint32_t *count, void **handles) {
    unsigned there = bounded("FAKE_AMD_CARDS", 1, MOST);
    if (handles != NULL)
        for (unsigned i = 0; i < there && i < *count; i++) handles[i] = &sockets[i];
    *count = there;
    return SUCCESS;
}

int amdsmi_get_processor_handles(void *socket, uint32_t *count, void **handles) {
    unsigned card = (unsigned)((int *)socket - sockets);
    unsigned there = bounded("FAKE_AMD_PARTITIONS", 1, 8);
    if (card >= MOST) return INVAL;
    for (unsigned i = 0; handles != NULL && i < there && i < *count; i++) {
        processors[card][i].card = card;
        processors[card][i].partition = i;
        handles[i] = &processors[card][i];
    }
    *count = there;
    return SUCCESS;
}

int amdsmi_get_processor_type(void *handle, uint32_t *type) {
    *type = AMD_GPU;
    return handle ? SUCCESS : INVAL;
}

int amdsmi_get_gpu_device_uuid(void *handle, unsigned *length, char *uuid) {
    const processor *here = handle;
    if (here == NULL || *length < 38) return INVAL;
    snprintf(uuid, *length, "00ff740f-0000-1000-80%02x-%012u", here->partition, here->card);
    return SUCCESS;
}

int amdsmi_get_gpu_bdf_id(void *handle, uint64_t *place) {
    const processor *here = handle;
    if (here == NULL) return INVAL;
    *place = (uint64_t)here->partition << 28 | (uint64_t)(here->card + 3) << 8;
    return SUCCESS;
}

int amdsmi_get_gpu_asic_info(void *handle, char *info) {
    if (handle == NULL) return INVAL;
    strcpy(info, "Simulated Instinct"); /* the market name is the first field */
    return SUCCESS;
}

int amdsmi_get_energy_count(void *handle, uint64_t *steps, float *step_uj, uint64_t *time_ns) {
    const processor *here = handle;
    if (here == NULL) return INVAL;
    if (is_lost()) return NOT_FOUND;
    if (getenv("FAKE_AMD_NO_COUNTER")) return NOT_SUPPORTED;
    *step_uj = STEP_UJ;
    *time_ns = (uint64_t)(now_us() * 1000);
    *steps = STARTS_AT + (uint64_t)(now_us() * number("FAKE_AMD_POWER_W", 200) / STEP_UJ);
    if (getenv("FAKE_AMD_DIES") && here->card % 2 == 1) *steps = 0;
    return SUCCESS;
}
