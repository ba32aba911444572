// libpq as Swift sees it. No logic.
#pragma once
#include <libpq-fe.h>
