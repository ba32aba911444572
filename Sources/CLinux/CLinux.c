#include "CLinux.h"

__thread void *insula_current_loop_pointer = 0;
