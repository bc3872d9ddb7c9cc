// Every optimizer, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/optim/sgd.hpp>
