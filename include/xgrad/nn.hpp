// Every layer, and what treats modules as a whole, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/summary.hpp>
