#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../../include/diarist.h"
