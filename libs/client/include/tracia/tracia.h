// Everything an application needs: #include <tracia/tracia.h>
#pragma once

#include "tracia/base/ids.h"
#include "tracia/client/client.h"
#include "tracia/llm/catalog.h"
