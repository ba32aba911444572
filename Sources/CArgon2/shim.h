// The reference implementation of Argon2 (RFC 9106). No logic.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <argon2.h>
