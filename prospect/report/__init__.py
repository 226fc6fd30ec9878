"""
Show: figures, QGIS styles and the report of a prospecting job.

Figures are ordinary Matplotlib figures made without pyplot, so that they work in
threads and display in a notebook; the report is one HTML file that needs no network.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_background_charts": [
            "figure_distribution",
            "figure_mixture",
            "figure_probability_plot",
        ],
        "_canvas": ["thin"],
        "_catchment_map": ["figure_catchments"],
        "_charts": [
            "figure_curves",
            "figure_histogram",
            "figure_prediction_area",
            "figure_weights",
        ],
        "_anomaly_report": ["write_anomaly_report"],
        "_element_maps": ["figure_anomaly_sheet", "figure_element_map"],
        "_control_charts": ["figure_blanks", "figure_control_chart"],
        "_duplicate_charts": ["figure_duplicates", "figure_thompson_howarth"],
        "_figure": ["finish", "new_figure", "save_figure"],
        "_fonts": ["chinese_font", "figure_language"],
        "_maps": ["figure_evidence", "figure_map"],
        "_quality_report": ["write_quality_report"],
        "_ramps": ["Scale", "area_labels", "area_scale"],
        "_report": ["write_report"],
        "_styles": ["raster_style", "target_style"],
        "_words": ["Words"],
    },
)
