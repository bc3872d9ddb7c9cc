// The text of a progress bar, cut to the terminal's width.
#pragma once

#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/train/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace xgrad::inline XGRAD_ABI::train::detail {

/// A metric of the epoch so far: its mean over the samples that it was told of.
struct progress_metric {
    std::string name;
    double sum = 0;
    std::size_t samples = 0;

    double mean() const { return sum / static_cast<double>(samples); }
};

struct progress_state {
    std::size_t epoch = 0, epochs = 1;
    std::size_t done = 0, samples = 0;   // of this epoch; 0 samples: nobody knows how many
    std::vector<progress_metric> metrics{};
    double seconds = 0;   // of all epochs so far
    std::size_t before = 0;   // samples of the epochs before
    const char* unit = "images";

    /// The mean of the metric of that name; NaN where there is none.
    XGRAD_ON_DEMAND double mean(std::string_view name) const {
        for (const auto& each : metrics)
            if (each.name == name) return each.mean();
        return std::nan("");
    }
    double speed() const { return static_cast<double>(before + done) / seconds; }
    XGRAD_ON_DEMAND double seconds_left() const {
        const auto total = epochs * samples, so_far = (epoch - 1) * samples + done;
        return samples == 0 ? std::nan("") : static_cast<double>(total - std::min(total, so_far)) / speed();
    }
};

XGRAD_ON_DEMAND std::string epoch_text(const progress_state& s) {
    const auto total = std::to_string(s.epochs);
    return std::string{"epoch "} + align_right(std::to_string(s.epoch), total.size()) + '/' + total;
}

/// In one line, whatever somebody calls a metric.
XGRAD_ON_DEMAND std::string printable(std::string text) {
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
    return text;
}

/// "  loss 0.00520", "  accuracy 97.12 %": what is called accuracy is a part of all.
XGRAD_ON_DEMAND std::string metric_text(const progress_metric& metric) {
    const auto value = metric.mean();
    const auto is_part = std::string_view{metric.name}.ends_with("accuracy");
    return "  " + printable(metric.name) + ' ' +
           (metric.samples == 0 ? "-"
            : is_part           ? percent(value)
                                : number_text(value));
}

XGRAD_ON_DEMAND std::string speed_text(const progress_state& s, double samples_per_second) {
    const auto known = samples_per_second >= 0 && samples_per_second < 1e15;
    return std::string{"  "} + (known ? fixed(samples_per_second, 0) : "?") + ' ' + s.unit + "/s";
}

/// "epoch 2/5 [=====>    ]  loss 0.00520  accuracy 97.12 %  45000 images/s  0:12 left". Where the width is too
/// small, first the bar goes, then the speed, the metrics from the last to the second, the time left and the first
/// metric. Of an unknown number of samples there is a count in place of the bar and of the time.
XGRAD_ON_DEMAND std::string progress_line(const progress_state& s, std::size_t width) {
    constexpr auto shortest_bar = std::size_t{8}, longest_bar = std::size_t{32};   // its brackets included
    auto line = epoch_text(s);
    if (s.samples == 0) line += "  " + std::to_string(s.done) + ' ' + s.unit;
    auto parts = std::vector<std::string>{};
    for (const auto& each : s.metrics) parts.push_back(metric_text(each));
    parts.push_back(speed_text(s, s.speed()));
    parts.push_back(s.samples == 0 ? "" : std::string{"  "} + duration(s.seconds_left()) + " left");
    const auto metrics = s.metrics.size();
    auto order = std::vector{metrics};   // in which parts go
    for (auto i = metrics; i-- > 1;) order.push_back(i);
    order.push_back(metrics + 1);
    if (metrics != 0) order.push_back(0);
    const auto length = [&] {
        auto sum = line.size();
        for (const auto& each : parts) sum += each.size();
        return sum;
    };
    for (const auto each : order)
        if (length() > width) parts[each].clear();

    if (const auto room = width - std::min(width, length()); room > shortest_bar && s.samples != 0) {
        const auto inside = std::min(room - 1, longest_bar) - 2;
        const auto share = static_cast<double>(s.done) / static_cast<double>(s.samples);
        const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(inside));
        line.append(" [").append(filled, '=').append(filled < inside ? ">" : "");
        line.append(inside - std::min(inside, filled + 1), ' ').append("]");
    }
    for (const auto& each : parts) line += each;
    return line.substr(0, width);
}

/// The line that stays when an epoch is over.
XGRAD_ON_DEMAND std::string epoch_line(const progress_state& s, double seconds) {
    auto line = epoch_text(s);
    for (const auto& each : s.metrics) line += metric_text(each);
    return line + speed_text(s, static_cast<double>(s.done) / seconds) + "  " + fixed(seconds, 1) + " s";
}

}  // namespace xgrad::train::detail
