// What the user asks for on the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

constexpr auto default_momentum = 0.9;

struct options {
    std::size_t epochs = 5;
    std::size_t batch_size = 100;
    bool cnn = false;   // the convolutional network, not the course's
    std::string optimizer = "sgd";
    std::optional<double> lr, momentum;   // of which there are defaults
    std::uint64_t seed = 1;
    int threads = 0;   // 0: as many as the library takes by itself
    bool fashion = false;
    std::string data;   // a folder; empty: look for one
    std::string save, load;
    std::string resume, report;
    bool help = false, version = false;

    /// `--lr`, or what suits the network and the optimizer.
    double learning_rate() const;
    std::size_t optimizer_number() const;   ///< among those that there are
    bool has_momentum() const { return optimizer == "sgd"; }
};

/// A command line that cannot be followed, in one sentence.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Of an option given twice the last counts. Throws `usage_error`.
options parse_options(int count, const char* const* arguments);

std::string help_text();
