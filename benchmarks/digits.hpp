// What sides do with MNIST and with a table: reading them, and the recipes whose time to an accuracy is taken.
#pragma once

#include "formulas.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace bench {

/// The folder of files as large as MNIST's, and of "table.csv"; ...
inline std::string data_folder() {
    const auto* const folder = std::getenv("XGRAD_BENCHMARK_DATA");
    return folder == nullptr ? "." : folder;
}
/// ... and of MNIST itself.
inline std::string digits_folder() {
    const auto* const folder = std::getenv("XGRAD_BENCHMARK_DIGITS");
    return folder == nullptr ? "." : folder;
}

// ---- reading -------------------------------------------------------------------------------------------

/// An epoch of shuffled batches, the pixels from 0 to 1 less their mean, by their deviation.
inline constexpr std::size_t loader_batch = 100;
inline constexpr float pixel_mean = 0.1307F, pixel_deviation = 0.3081F;

/// What must be equal in whatever order an epoch comes: the sums over all images of each pixel, of the labels and of their
/// squares, by their number.
class epoch_sums {
public:
    void add(const float* pixels, const std::int64_t* labels, std::size_t images) {
        for (auto i = std::size_t{0}; i < images; ++i) {
            for (auto j = std::size_t{0}; j < m_sums.size() - 2; ++j) m_sums[j] += static_cast<double>(*pixels++);
            const auto label = static_cast<double>(labels[i]);
            m_sums[784] += label;
            m_sums[785] += label * label;
        }
        m_images += images;
    }
    std::vector<float> by_number() const {
        auto means = std::vector<float>{};
        for (const auto sum : m_sums) means.push_back(static_cast<float>(sum / static_cast<double>(m_images)));
        return means;
    }

private:
    std::vector<double> m_sums = std::vector<double>(786);
    std::size_t m_images = 0;
};

/// The numbers of table.csv, each as a float and what that leaves of it: together they tell its last places.
inline std::vector<piece> parts_of(const double* values, std::size_t count) {
    auto upper = std::vector<float>(count), lower = std::vector<float>(count);
    for (auto i = std::size_t{0}; i < count; ++i) {
        upper[i] = static_cast<float>(values[i]);
        lower[i] = static_cast<float>(values[i] - static_cast<double>(upper[i]));
    }
    return {{"float", upper}, {"rest", lower}};
}

// ---- recipes -------------------------------------------------------------------------------------------

/// Training until so many of MNIST's test images are right: Adam at a rate that falls linearly to 0 over the epochs, the
/// softmax cross-entropy, batches of 100 in the order that a seed and the epoch give, from weights that the seed gives.
struct recipe {
    std::string name;
    double accuracy;
    double rate;
    std::size_t epochs;
    std::size_t test_every;   ///< so many steps

    static constexpr std::size_t images = 60'000, batch = 100, test_batch = 1000;

    double rate_at(std::size_t step) const { return rate * (1 - static_cast<double>(step) / static_cast<double>(epochs * images / batch)); }
};

/// 784-512-256-10 with relu between the layers.
inline const recipe mlp_recipe{"accuracy/mlp", 0.98, 1e-3, 8, 200};
/// 16 channels of 5 x 5 and 32 of 3 x 3, each pooled and normalised over the batch, 128, 10, with relu.
inline const recipe cnn_recipe{"accuracy/cnn", 0.99, 2e-3, 4, 200};

/// Whether a parameter has values of the seed; a batch norm begins with 1 and 0.
inline bool is_seeded(const std::string& name) { return name.compare(0, 2, "bn") != 0; }
inline std::vector<float> seeded_values(std::uint64_t seed, const std::string& name, const sizes& all) {
    return parameter_values(std::to_string(seed) + ' ' + name, all);
}

}  // namespace bench
