// Our side: which file makes which cases known.
#pragma once

namespace bench {

void add_networks();        ///< training steps, inference, small graphs
void add_elementwise();     ///< map, activations, losses, reductions
void add_products();
void add_operations();      ///< reductions, einsum, order, choice
void add_linear_algebra();
void add_windows();         ///< convolutions, pooling
void add_normalize();
void add_attention();
void add_layers();          ///< a convolutional network, a transformer's layer, recurrent layers
void add_resnet();
void add_optimizers();
void add_data();            ///< files become batches
void add_accuracy();        ///< training until an accuracy is reached
void add_limits();          ///< what the machine can do

}  // namespace bench
