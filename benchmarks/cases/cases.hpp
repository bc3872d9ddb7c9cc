// Our side: which file makes which cases known.
#pragma once

namespace bench {

void add_networks();      ///< training steps, inference, small graphs
void add_elementwise();   ///< map, activations, losses, reductions
void add_products();
void add_limits();        ///< what the machine can do

}  // namespace bench
