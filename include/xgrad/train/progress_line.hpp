// The text of a progress bar, cut to the terminal's width.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/train/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace xgrad::inline XGRAD_ABI::train::detail {

struct progress_state {
    std::size_t epoch = 0, epochs = 1;
    std::size_t done = 0, samples = 0, correct = 0;   // of this epoch
    double loss_sum = 0;
    double seconds = 0;   // of all epochs so far
    const char* unit = "images";

    double mean_loss() const { return loss_sum / static_cast<double>(done); }
    double accuracy() const { return static_cast<double>(correct) / static_cast<double>(done); }
    double speed() const { return static_cast<double>((epoch - 1) * samples + done) / seconds; }
    double seconds_left() const {
        const auto total = epochs * samples, so_far = (epoch - 1) * samples + done;
        return static_cast<double>(total - std::min(total, so_far)) / speed();
    }
};

inline std::string epoch_text(const progress_state& s) {
    const auto total = std::to_string(s.epochs);
    return std::string{"epoch "} + align_right(std::to_string(s.epoch), total.size()) + '/' + total;
}

inline std::string loss_text(const progress_state& s) { return std::string{"  loss "} + fixed(s.mean_loss(), 5); }

inline std::string accuracy_text(const progress_state& s) {
    return std::string{"  accuracy "} + percent(s.accuracy());
}

inline std::string speed_text(const progress_state& s, double samples_per_second) {
    return std::string{"  "} + fixed(samples_per_second, 0) + ' ' + s.unit + "/s";
}

/// "epoch 2/5 [=====>    ]  loss 0.0052  accuracy 97.12 %  45000 images/s  0:12 left". Where the width is too
/// small, first the bar goes, then the speed, the accuracy, the time left and the loss.
inline std::string progress_line(const progress_state& s, std::size_t width) {
    constexpr auto shortest_bar = std::size_t{8}, longest_bar = std::size_t{32};   // its brackets included
    const auto epoch = epoch_text(s);
    enum part { loss, accuracy, speed, left };
    auto parts = std::array{loss_text(s), accuracy_text(s), speed_text(s, s.speed()),
                            std::string{"  "} + duration(s.seconds_left()) + " left"};
    const auto length = [&] {
        auto sum = epoch.size();
        for (const auto& each : parts) sum += each.size();
        return sum;
    };
    for (const auto each : {speed, accuracy, left, loss})
        if (length() > width) parts[each].clear();

    auto line = epoch;
    if (const auto room = width - std::min(width, length()); room > shortest_bar) {
        const auto inside = std::min(room - 1, longest_bar) - 2;
        const auto share = static_cast<double>(s.done) / static_cast<double>(std::max<std::size_t>(s.samples, 1));
        const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(inside));
        line.append(" [").append(filled, '=').append(filled < inside ? ">" : "");
        line.append(inside - std::min(inside, filled + 1), ' ').append("]");
    }
    for (const auto& each : parts) line += each;
    return line.substr(0, width);
}

/// The line that stays when an epoch is over.
inline std::string epoch_line(const progress_state& s, double seconds) {
    return epoch_text(s) + loss_text(s) + accuracy_text(s) + speed_text(s, static_cast<double>(s.done) / seconds) +
           "  " + fixed(seconds, 1) + " s";
}

}  // namespace xgrad::train::detail
