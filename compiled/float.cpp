#define XGRAD_COMPILED_TYPE float
#include "instances.hpp"
