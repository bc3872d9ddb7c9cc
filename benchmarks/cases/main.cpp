#include "../side.hpp"
#include "cases.hpp"

#include <xgrad/core/build_info.hpp>
#include <xgrad/core/parallel.hpp>

int main(int argc, char** argv) {
    bench::add_networks();
    bench::add_elementwise();
    bench::add_products();
    bench::add_operations();
    bench::add_linear_algebra();
    bench::add_windows();
    bench::add_normalize();
    bench::add_attention();
    bench::add_layers();
    bench::add_resnet();
    bench::add_optimizers();
    bench::add_data();
    bench::add_accuracy();
    bench::add_limits();
    return bench::main(argc, argv, [](int threads) { xgrad::set_num_threads(threads); }, xgrad::build_info);
}
