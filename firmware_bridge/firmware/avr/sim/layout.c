/* Where the simulator's driver finds things in the chip's memory: sizes of these symbols, read by avr-nm. */
#include <stddef.h>

#include "sl_device.h"

/* An object of no bytes has no size. */
#define TELL(name, value) char name[(value) + 1]

TELL(at_device_core, offsetof(sl_device, core));
TELL(at_core_channel, offsetof(sl_state, channel));
TELL(at_outputs_fault, offsetof(sl_outputs, fault));
TELL(bytes_of_channel, sizeof(sl_channel_state));
TELL(bytes_of_state, sizeof(sl_state));
TELL(bytes_of_table, sizeof(sl_table));
TELL(bytes_of_inputs, sizeof(sl_inputs));
TELL(bytes_of_outputs, sizeof(sl_outputs));
