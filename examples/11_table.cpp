// From a table to a prediction: which of three species a penguin is, by four measures. Five-fold cross-validation, then
// a model on all of them, which is saved and loaded again.
// x: (b, 4) in mm and g, normalised by the first layer, then (b, 16), out: (b, 3)
//
// needs: penguins
//
//     ./11_table "$(sh examples/fetch_penguins.sh)"
#include <xgrad/xgrad.hpp>

#include <cstdio>
#include <exception>

namespace xg = xgrad;

struct network {
    xg::nn::batch_norm1d<> scale{4};
    xg::nn::linear<> fc1{4, 16};
    xg::nn::linear<> fc2{16, 3};

    auto operator()(const auto& x) const { return fc2(fc1(scale(x), xg::relu)); }
};

network learn(const auto& set) {
    auto net = network{};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 0.02}};
    auto batches = xg::data::loader{set, {.batch_size = 32, .shuffle = true, .drop_last = true}};
    xg::train::fit(opt, batches, {.epochs = 30, .out = nullptr},
                   [&](const auto& x, const auto& y) { return xg::cross_entropy(net(x), y); });
    xg::nn::eval(net);
    return net;
}

int main(int count, char** arguments) try {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FILE, the table that examples/fetch_penguins.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto table = xg::data::read_csv(arguments[1]).without_missing({"bill_length_mm", "body_mass_g"});
    const auto x = table.columns<float>({"bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"});
    const auto species = table.categories("species");
    const auto set = xg::data::tensor_dataset{x, species.codes};
    std::printf("%zu penguins, %zu species\n", set.size(), species.names.size());

    auto matrix = xg::train::confusion_matrix{3};
    for (const auto& [train, test] : xg::data::stratified_k_fold(set, species.codes, 5)) {
        const auto net = learn(train);
        const auto recording = xg::no_grad{};
        for (auto [a, b] : xg::data::loader{test, {.batch_size = 100}}) matrix.add(b, xg::argmax(net(a), 1));
    }
    std::printf("%zu tested, more than 95 of 100 are right: %s\n", matrix.total(), matrix.accuracy() > 0.95 ? "yes" : "no");
    std::printf("the mean F1 of the species is above 0.9: %s\n", xg::train::f1(matrix) > 0.9 ? "yes" : "no");

    xg::io::save(learn(set), "penguins.safetensors");
    auto net = network{};
    xg::io::load(net, "penguins.safetensors");
    xg::nn::eval(net);
    const auto one = xg::tensor<float, 2>{{47.5f, 14.5f, 217, 5100}};
    std::printf("47.5 mm, 14.5 mm, 217 mm, 5.1 kg: %s\n", species.names[static_cast<std::size_t>(xg::argmax(net(one), 1)(0))].c_str());
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
