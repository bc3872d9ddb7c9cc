// Training on several ranks of MPI: all there is for it. Not part of xgrad/xgrad.hpp, and the one header that needs mpi.h.
//
//     auto world = xg::distributed::world{argc, argv};            // mpirun -n 4 ./program
//     auto net = network{};
//     auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.1}};
//     auto batches = xg::data::loader{set, {.batch_size = 100, .seed = 1, .sampler = world.sampler()}};
//     auto parallel = xg::distributed::data_parallel{world, net};
//     for (auto [x, y] : batches) {
//         auto loss = xg::cross_entropy(net(x), y);
//         opt.zero_grad();
//         parallel.backward(loss, x.shape(0));                    // in place of loss.backward()
//         opt.step();
//     }
#pragma once

#include <xgrad/distributed/average_buffers.hpp>
#include <xgrad/distributed/batch_norm.hpp>
#include <xgrad/distributed/broadcast.hpp>
#include <xgrad/distributed/collect.hpp>
#include <xgrad/distributed/data_parallel.hpp>
#include <xgrad/distributed/run.hpp>
#include <xgrad/distributed/sampler.hpp>
#include <xgrad/distributed/world.hpp>
