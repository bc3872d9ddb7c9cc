// Every optimizer, for users: nothing inside the library includes it.
#pragma once

#include <xgrad/optim/adadelta.hpp>
#include <xgrad/optim/adagrad.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/adamax.hpp>
#include <xgrad/optim/adamw.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/compose.hpp>
#include <xgrad/optim/cosine.hpp>
#include <xgrad/optim/decay.hpp>
#include <xgrad/optim/lamb.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/optim/lion.hpp>
#include <xgrad/optim/muon.hpp>
#include <xgrad/optim/nadam.hpp>
#include <xgrad/optim/one_cycle.hpp>
#include <xgrad/optim/plateau.hpp>
#include <xgrad/optim/radam.hpp>
#include <xgrad/optim/rmsprop.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>
