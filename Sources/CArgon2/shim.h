// The reference implementation of Argon2 (RFC 9106). No logic.
#pragma once
#include <argon2.h>
