// From a series to a forecast: how many spots the sun has next year, by an LSTM that has seen the 24 years before. It must be
// nearer than the naive forecast, "as many as this year", in the last 60 years of the table, of which it has learnt nothing.
// x, y: (b, 24), roots of numbers, y one year on  h: (b, 24, 32)  forecast: (b, 24)
//
// tested on: data/series.csv
//
//     ./17_series "$(sh examples/fetch_sunspots.sh)"
#include <xgrad/xgrad.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>

namespace xg = xgrad;

struct network {
    xg::nn::lstm<> memory{1, 32};
    xg::nn::linear<> change{32, 1};

    auto operator()(const auto& x) const { return x + xg::squeeze(change(memory(xg::expand_dims(x, 2)).output), 2); }
};

// Root of the mean square of what two forecasts are off by, in spots.
double error(const auto& forecast, const auto& truth) {
    return std::sqrt(xg::mean(xg::square(xg::square(forecast) - xg::square(truth))).item());
}

int main(int count, char** arguments) try {
    if (count != 2) {
        std::fprintf(stderr, "usage: %s FILE, the table that examples/fetch_sunspots.sh gets\n", arguments[0]);
        return 2;
    }
    xg::manual_seed(1);
    const auto table = xg::data::read_csv(arguments[1]);
    const auto roots = xg::sqrt(table.column<float>("SUNACTIVITY")) / 10;   // the more spots, the more they vary
    const auto length = std::size_t{24}, held_out = std::size_t{60}, learnt = table.size() - held_out;
    if (table.size() < 2 * held_out) throw std::runtime_error{"the table has fewer than 120 years"};
    const auto train = xg::data::windows{xg::narrow(roots, 0, learnt), length};
    const auto test = xg::data::windows{xg::narrow(roots, learnt - length, length + held_out), length};
    std::printf("%zu years, of which %zu are held out\n", table.size(), test.size());

    const auto net = network{};
    auto opt = xg::optim::adam{xg::nn::parameters(net), {.lr = 5e-3}};
    auto batches = xg::data::loader{train, {.batch_size = 32, .shuffle = true}};
    xg::train::fit(opt, batches, {.epochs = 60, .out = stderr, .unit = "years"},
                   [&](const auto& x, const auto& y) { return xg::mse_loss(net(x), y); });
    xg::io::save(net, "series.safetensors");

    const auto loaded = network{};
    xg::io::load(loaded, "series.safetensors");
    const auto recording = xg::no_grad{};
    for (auto [x, y] : xg::data::loader{test, {.batch_size = held_out}}) {
        const auto last = [&](const auto& of) { return xg::narrow(of, length - 1, 1, 1) * 10; };
        const auto by_network = error(last(loaded(x)), last(y)), naive = error(last(x), last(y));
        std::fprintf(stderr, "off by %.1f, the naive forecast by %.1f\n", by_network, naive);
        std::printf("off by less than three quarters of what the naive forecast is: %s\n", by_network < 0.75 * naive ? "yes" : "no");
    }
} catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", arguments[0], wrong.what());
    return 1;
}
