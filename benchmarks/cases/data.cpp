// Files become batches: MNIST's images, and a table.
#include "../digits.hpp"
#include "cases.hpp"

#include <xgrad/data/csv.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/data/mnist.hpp>
#include <xgrad/ops/map.hpp>
#include <xgrad/ops/math.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace bench {

namespace {

namespace xg = xgrad;

using bytes = xg::data::labelled_images<std::uint8_t>;

/// The images stay bytes, as they are in the file; a batch at a time they become numbers: (x / 255 - mean) / deviation.
auto normalised(const xg::tensor<std::uint8_t, 2>& x) {
    constexpr auto factor = 1 / (255 * pixel_deviation), offset = pixel_mean / pixel_deviation;
    return xg::map([=](const auto& pixel) { return factor * pixel - offset; }, xg::astype<float>(x));
}

std::vector<piece> compared(const bytes& set, auto& shuffled) {
    auto in_order = xg::data::loader{set, {.batch_size = loader_batch}};
    const auto [x, y] = *in_order.begin();
    const auto first = normalised(x);
    auto sums = epoch_sums{};
    for (auto [pixels, labels] : shuffled) {
        const auto each = normalised(pixels);
        sums.add(each.data(), labels.data(), labels.size());
    }
    return {{"first", {first.begin(), first.end()}}, {"labels", {y.begin(), y.end()}}, {"epoch", sums.by_number()}};
}

void add_loader() {
    add("data/loader", [] {
        const auto set = xg::data::mnist<std::uint8_t>(data_folder(), xg::data::split::train);
        auto batches = std::make_shared<xg::data::loader<bytes>>(
            set, xg::data::loader_options{.batch_size = loader_batch, .shuffle = true, .seed = 1});
        const auto run = [=] {
            for (auto [x, y] : *batches) normalised(x);
        };
        return work{run, [=] { return compared(set, *batches); }};
    });
}

void add_table() {
    add("data/csv", [] {
        const auto run = [path = data_folder() + "/table.csv"] {
            const auto table = xg::data::read_csv(path);
            return table.columns<double>(table.names());
        };
        return timed(run, [](const auto& x) { return parts_of(x.data(), x.size()); });
    });
}

}  // namespace

void add_data() {
    add_loader();
    add_table();
}

}  // namespace bench
