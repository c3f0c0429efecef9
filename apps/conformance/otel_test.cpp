#include "otel.h"
