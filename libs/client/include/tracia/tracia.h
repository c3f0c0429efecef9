// Everything an application needs: #include <tracia/tracia.h>
#pragma once

#include "tracia/client/client.h"
#include "tracia/llm/catalog.h"
