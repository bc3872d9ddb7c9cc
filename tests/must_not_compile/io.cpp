// A file and a network the wrong way round.
//
// expect 1: the network comes first, then the file: io::save(net, path)
// expect 2: the network comes first, then the file: io::load(net, path)
#include <xgrad/io/safetensors.hpp>

#include <string>

struct layer {
    xgrad::tensor<float, 1> weight;
};

void travel(layer& net, const std::string& path) {
    xgrad::io::save(net, path, {.layout = xgrad::io::layout::pytorch});
    xgrad::io::load(net, "net.safetensors");
#if MUST_NOT_COMPILE == 1
    xgrad::io::save("net.safetensors", net, {.layout = xgrad::io::layout::pytorch});
#endif
#if MUST_NOT_COMPILE == 2
    xgrad::io::load(path, net);
#endif
}
